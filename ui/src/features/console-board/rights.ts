// What an account may do to a task that is out, as the task stands now. The
// server decides; this only hides what would be refused.
import type { Board } from '@/platform/console-types'
import type { Action } from '@/features/console-frame/session'
import { isRunning } from './board'

export interface TaskRights {
  /** Change its teams, or call it off. */
  change: boolean
  /** Hand an item or a finding on; there must be somebody to hand it to. */
  handOn: boolean
  /** Settle what was marked for review; that outlives the visit. */
  settle: boolean
}

export function taskRights(board: Board, may: (action: Action) => boolean): TaskRights {
  const running = isRunning(board)
  return {
    change: running && may('change_task'),
    handOn: running && board.parties.length > 1 && may('hand_on'),
    settle: may('review_findings'),
  }
}
