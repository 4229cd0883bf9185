/** Tests of the gate that need a whole daemon: the authority of orders that open. */
import './world/authority.ts';
import './world/countdowns.ts';
import './world/good-till.ts';
