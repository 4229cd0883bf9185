/**
 * Tests of the gate that need a whole daemon: exits, protective stops and cuts. In one process, since loading the daemon
 * costs more than most of them; each also runs by itself, named to the test runner.
 */
import './world/bounded-exits.ts';
import './world/claims.ts';
import './world/defects-beside-exits.ts';
import './world/definite-refusals.ts';
import './world/exit-limits.ts';
import './world/exits-beside-nobodys.ts';
import './world/exits.ts';
import './world/fired-stops.ts';
import './world/foreign-lots.ts';
import './world/gate-exits.ts';
import './world/imposed-waits.ts';
import './world/lost-gate-exits.ts';
import './world/made-room.ts';
import './world/matching-exits.ts';
import './world/moved-stops.ts';
import './world/one-symbols-trouble.ts';
import './world/order-limit-shared.ts';
import './world/protection.ts';
import './world/restarted-flatten.ts';
import './world/stalled-exits.ts';
import './world/stops.ts';
import './world/stops-that-never-rest.ts';
import './world/undone-exits.ts';
import './world/unreadable-rows.ts';
import './world/unnoticed-checks.ts';
import './world/vanished-stops.ts';
