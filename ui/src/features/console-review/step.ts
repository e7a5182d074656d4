// What ending the review means right now: the word on the button and what it
// will do. The server decides what is approved; this only says it beforehand.
import type { Status } from '@/platform/console-types'
import type { ReviewCounts } from '@/features/console-board/board'

/**
 * `none`: no findings, the task is approved. `all`: every waiting finding and the
 * task are approved. `rest`: the waiting ones are approved, the returned ones
 * wait. `finish`: all were returned, nothing is approved. `reworked`: a later
 * look, what was worked on since its return is approved.
 */
export type Step = 'none' | 'all' | 'rest' | 'finish' | 'reworked'

export function stepOf(counts: ReviewCounts, status: Status): Step {
  if (counts.all === 0) return 'none'
  if (counts.returned === 0) return 'all'
  if (counts.waiting > 0) return 'rest'
  return status === 'returned' ? 'reworked' : 'finish'
}
