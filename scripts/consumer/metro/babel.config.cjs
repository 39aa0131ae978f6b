// The Babel configuration of a new React Native app.

module.exports = { presets: ["@react-native/babel-preset"] };
