import { openMigrated } from '../support/engine.ts'
import { describeLatestAttempts } from './latest-attempts.suite.ts'

describeLatestAttempts('the embedded engine', openMigrated)
