// Jest's configuration for CommonJS that a transform makes out of the package's ES modules.

module.exports = {
  transform: { "\\.js$": ["babel-jest", { plugins: ["@babel/plugin-transform-modules-commonjs"] }] },
  transformIgnorePatterns: ["/node_modules/(?!prio/)"],
  moduleFileExtensions: ["js", "cjs", "json"],
  testMatch: ["**/collect.test.cjs"],
};
