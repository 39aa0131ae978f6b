#!/usr/bin/env node
// The command of the package. It is there before anything is built, because npm links no command whose file is missing.
import "../dist/main.js";
