import { library } from '../../tsup.preset.ts'

export default library(['index', 'conformance', 'faults', 'http-conformance', 'redis', 'vitest'])
