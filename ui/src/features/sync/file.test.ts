// A file is called safe by the office's word alone.
import { expect, it } from 'vitest'
import type { FileStatus } from '@/platform/app'
import { percentOf, toneOf, wordOf } from './file'
import { syncMessages } from './messages'

const file = (part: Partial<FileStatus>): FileStatus => ({ sha256: 'ab'.repeat(32), kind: 'original', name: 'a.jpg', task: null, enterprise: '', bytes: 1000, sent_bytes: 0, state: 'only_here', reason: null, ...part })
const states = ['only_here', 'sending', 'at_server', 'to_fetch', 'fetching', 'missing'] as const

it('shows only what the office has confirmed whole in the colour of safety', () => {
  for (const state of states) {
    expect(toneOf(file({ state, sent_bytes: 1000 })) === 'good').toBe(state === 'at_server')
  }
})
it('says of a file that came in part that it did so', () => {
  expect(wordOf(file({ sent_bytes: 400 }))).toBe('partly_here')
  expect(percentOf(file({ sent_bytes: 400 }))).toBe(40)
  expect(percentOf(file({}))).toBeNull()
})
it('never rounds up to all of it', () => {
  expect(percentOf(file({ state: 'sending', sent_bytes: 999 }))).toBe(99)
  expect(percentOf(file({ state: 'fetching', bytes: 0 }))).toBeNull()
})
it('has words for every state and reason in both languages', () => {
  for (const language of Object.values(syncMessages).filter((part) => typeof part === 'object')) {
    const words = JSON.stringify(language)
    for (const word of [...states, 'partly_here', 'not_yet', 'not_at_office', 'tablet_lost', 'damaged_here']) expect(words).toContain(`"${word}"`)
  }
})
