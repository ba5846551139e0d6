import { openMigrated } from '../support/engine.ts'
import { describeVernaculars } from './vernaculars.suite.ts'

describeVernaculars('the embedded engine', openMigrated)
