import { joinEngine } from '../support/engine.ts'
import { describeAttemptFacts } from './attempt-facts.suite.ts'
import { describeHandedSpool } from './handed-spool.suite.ts'

describeAttemptFacts('the embedded engine', joinEngine)
describeHandedSpool('the embedded engine', joinEngine)
