import { beforeAll } from 'vitest'
import { joinEngine, openMigrated } from '../support/engine.ts'
import { describeAttemptFacts } from './attempt-facts.suite.ts'
import { describeHandedSpool } from './handed-spool.suite.ts'

// Not what the file before left.
beforeAll(async () => (await openMigrated()).close())

describeAttemptFacts('the embedded engine', joinEngine)
describeHandedSpool('the embedded engine', joinEngine)
