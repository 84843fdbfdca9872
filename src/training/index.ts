/** What a training loop is made of: a graph of a loss and its gradients, AdamW over typed arrays, learning rates. */
export { type AdamWOptions, adamW, adamWOver, globalNorm, type Moments, type Update } from "./adamw.js";
export { gradientName, nextTokenLosses, toSumOne, trainingGraph, weighted } from "./objective.js";
export { learningRate, type Schedule } from "./schedule.js";
