// For work on one part: npx mocha --config test/mocharc.one.cjs test/unit/power/*.test.ts
module.exports = { require: ["tsx/cjs"], timeout: 60000, exit: false };
