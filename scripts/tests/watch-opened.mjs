/** Preloaded (`node --import`) where a file of tests runs without `run-share.ts`: its children end with its process. */
import { watchOpened } from './opened.ts';

watchOpened();
