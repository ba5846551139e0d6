// A thread does not inherit the loader of TypeScript that its process has.
import { register } from 'tsx/esm/api'

register()
await import('./worker.ts')
