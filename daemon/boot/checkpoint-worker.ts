import { parentPort, workerData } from 'node:worker_threads';
import { lowerPriority } from './low-priority.ts';
import { type CheckpointTask, takeCheckpoint } from './take-checkpoint.ts';

/** In a thread of its own: the daemon's shares neither its views nor its time. */
lowerPriority();
parentPort?.postMessage(takeCheckpoint(workerData as CheckpointTask));
