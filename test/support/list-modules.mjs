/** Loaded with --import: writes the address of every module that is loaded to the file MODULE_LIST. */
import { register } from 'node:module'

register(
  `data:text/javascript,${encodeURIComponent(`
    import { appendFileSync } from 'node:fs'
    export async function load(url, context, next) {
      appendFileSync(${JSON.stringify(process.env.MODULE_LIST)}, url + '\\n')
      return next(url, context)
    }
  `)}`,
)
