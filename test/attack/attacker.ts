/** One attack in a process of its own, so that its load does not slow the canary's clock: `attacker.js ROW SCENE`. */
import type { Scene } from './row.js';
import { rowsOf } from './rows/all.js';

const [, , id = '', scene = '{}'] = process.argv;
const [row] = rowsOf([id]);
if (row === undefined) throw new Error(`there is no row ${id}`);
const seen = await row.attack(JSON.parse(scene) as Scene);
console.log(`seen: ${seen}`);
process.exit();
