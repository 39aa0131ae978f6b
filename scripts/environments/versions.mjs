// The packages that the environments are made of, one version of each: the newest ones when they were pinned.

/** @type {Readonly<Record<string, string>>} */
export const versions = {
  jest: "30.5.2",
  "jest-environment-jsdom": "30.5.2",
  "babel-jest": "30.5.2",
  // Babel 7, as in babel-jest and in React Native's preset.
  "@babel/core": "7.29.13",
  "@babel/plugin-transform-modules-commonjs": "7.29.14",
  vite: "8.4.0",
  webpack: "5.113.0",
  esbuild: "0.28.2",
  rollup: "4.68.8",
  "@rollup/plugin-node-resolve": "16.0.3",
  next: "16.4.6",
  react: "19.3.1",
  "react-dom": "19.3.1",
  // What React Native 0.88.1 bundles with.
  metro: "0.87.1",
  "@react-native/babel-preset": "0.88.1",
  "@react-native/metro-babel-transformer": "0.88.1",
  // The last Hermes that the registry has to run: newer ones come as libraries of an app.
  "hermes-engine-cli": "0.12.0",
  workerd: "1.20261117.1",
  jsdom: "31.0.1",
  ses: "2.3.0",
  // The last version of each, under a name of its own.
  "typescript-5.4": "5.4.5",
  "typescript-5.5": "5.5.4",
  "typescript-5.6": "5.6.3",
  "typescript-5.7": "5.7.3",
  "typescript-5.8": "5.8.3",
  "typescript-5.9": "5.9.3",
  "typescript-6.0": "6.0.3",
  "typescript-7.0": "7.0.2",
};

/** The package of a name above: of TypeScript there are several versions. @param {string} name */
export const packageOf = (name) => name.replace(/^typescript-.*/, "typescript");
