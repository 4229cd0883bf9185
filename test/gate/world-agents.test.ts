/** Tests of the gate that need a whole daemon: what holds one agent, and nobody else. */
import './world/agent-schedule.ts';
import './world/agent-silence.ts';
import './world/agent-without-token.ts';
import './world/agent-loss.ts';
import './world/caps-of-the-account.ts';
import './world/closed-by-others.ts';
import './world/holding.ts';
