/** Tests of the gate that need a whole daemon: what it records of calls without an effect. */
import './world/honest-answers.ts';
import './world/idle-hour.ts';
import './world/signal-bounds.ts';
