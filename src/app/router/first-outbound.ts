/** The router of a configuration without rules. */
import type { RouteChoice, Router } from '../../contract/router.js';

const first: RouteChoice = {};

/** Everything leaves by the first outbound. */
export const firstOutbound: Router = { pick: () => first };
