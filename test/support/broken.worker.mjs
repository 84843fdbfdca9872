/** A module of a thread that cannot be loaded. */
import "./there-is-no-such-module.mjs";
