// How one file stands, in words and colour. Only a file that the office has
// confirmed whole is ever called safe.
import type { FileStatus } from '@/platform/app'

/**
 * The word for a state; part of a file at the office is not the file, and one
 * that is still to come is not lost.
 */
export type FileWord = FileStatus['state'] | 'partly_here' | 'not_yet'

export function wordOf(file: FileStatus): FileWord {
  if (file.state === 'only_here' && (file.sent_bytes ?? 0) > 0) return 'partly_here'
  if (file.state === 'missing' && file.reason === 'not_at_office') return 'not_yet'
  return file.state
}

export function toneOf(file: FileStatus): 'good' | 'bad' | 'warn' | 'info' | 'mute' {
  switch (file.state) {
    case 'at_server':
      return 'good'
    case 'only_here':
      return 'warn'
    case 'sending':
    case 'fetching':
      return 'info'
    case 'missing':
      return file.reason === 'not_at_office' ? 'mute' : 'bad'
    default:
      return 'mute'
  }
}

/**
 * Whole per cent of a file on its way, rounded down so that 100 is never shown
 * too early; none where nothing of it moves or its size is not known.
 */
export function percentOf(file: FileStatus): number | null {
  const moves = file.state === 'sending' || file.state === 'fetching' || wordOf(file) === 'partly_here'
  const bytes = file.bytes ?? 0
  return moves && bytes > 0 ? Math.floor(((file.sent_bytes ?? 0) / bytes) * 100) : null
}
