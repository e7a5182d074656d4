// Every sentence the app can say.
import { accessMessages } from '@/features/access/messages'
import { certificateMessages } from '@/features/certificate/messages'
import { checklistMessages } from '@/features/checklist/messages'
import { conflictMessages } from '@/features/conflict/messages'
import { documentMessages } from '@/features/document/messages'
import { failureMessages } from '@/features/failure/messages'
import { findingMessages } from '@/features/finding/messages'
import { historyMessages } from '@/features/history/messages'
import { lawMessages } from '@/features/law/messages'
import { noteMessages } from '@/features/note/messages'
import { proposalMessages } from '@/features/proposal/messages'
import { rescueMessages } from '@/features/rescue/messages'
import { settingsMessages } from '@/features/settings/messages'
import { syncMessages } from '@/features/sync/messages'
import { taskMessages } from '@/features/task/messages'
import { teamMessages } from '@/features/team/messages'
import { visitMessages } from '@/features/visit/messages'
import type { Bundle } from '@/shared/i18n'
import { commonMessages } from '@/shared/i18n/common'
import { frameMessages } from './messages'

export const inspectorBundles: readonly Bundle[] = [
  commonMessages,
  frameMessages,
  accessMessages,
  certificateMessages,
  checklistMessages,
  conflictMessages,
  documentMessages,
  failureMessages,
  findingMessages,
  historyMessages,
  lawMessages,
  noteMessages,
  proposalMessages,
  rescueMessages,
  settingsMessages,
  syncMessages,
  taskMessages,
  teamMessages,
  visitMessages,
]
