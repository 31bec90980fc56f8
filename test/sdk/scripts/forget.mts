// Launches a worker, uses it and ends without closing it.
import { launch } from '../../../sdk/src/index.js'

const cowmask = await launch({ stateDir: process.argv[2] })
console.log((await cowmask.system.info()).pid)
