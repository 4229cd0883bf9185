import { parentPort, workerData } from 'node:worker_threads';
import { lowerPriority } from './low-priority.ts';
import { type CheckpointTask, takeCheckpoint } from './take-checkpoint.ts';

/** In a thread of its own: the daemon's shares neither its views nor its time. */
const task = workerData as CheckpointTask;
if (task.isAwaited !== true) lowerPriority();
parentPort?.postMessage(takeCheckpoint(task));
