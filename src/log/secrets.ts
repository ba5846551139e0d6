/** The removal of secrets, for whoever writes logs; every room may import it from `src/secrets.ts`. */
export { scrub, scrubFacts } from '../secrets.ts'
