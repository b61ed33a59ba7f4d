// Keeps the list up to date while something in it is running.
import { isRunning, poll } from "./update.js";

if (isRunning()) poll(["history"]);
