// Keeps the list up to date while something in it is running.
import "./confirm.js";
import { isRunning, poll } from "./update.js";

if (isRunning()) poll(["history"]);
