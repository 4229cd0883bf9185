/** Tests of the gate that need a whole daemon: what it makes of requests, and records of those without an effect. */
import './world/every-verdict.ts';
import './world/honest-answers.ts';
import './world/idle-hour.ts';
import './world/quantities.ts';
import './world/signal-bounds.ts';
