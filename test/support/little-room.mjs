/** Preloaded into a process (`node --import`): every disk has 40 MB left. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const real = fs.promises.statfs
fs.promises.statfs = async (path) => ({ ...(await real(path)), bsize: 1, bavail: 40_000_000 })
syncBuiltinESMExports()
