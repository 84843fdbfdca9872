/**
 * To be loaded before the engine. onnxruntime-node 1.30 collects what it runs for its maker, under a number for the machine
 * that it keeps in the home folder, and leaves a log of that in the folder for temporary files. Nobody who answers a prompt
 * has asked for that, so it is off unless `ORT_DISABLE_TELEMETRY` says otherwise.
 *
 * The engine asks the environment of the process, of which worker threads have but a copy: set here, in the thread that
 * starts the others, it reaches all of them.
 */
process.env.ORT_DISABLE_TELEMETRY ??= "1";
