// Jest's configuration for ES modules, and for require() of them.

module.exports = {
  transform: {},
  moduleFileExtensions: ["js", "mjs", "cjs", "json"],
  testMatch: ["**/collect.test.*"],
};
