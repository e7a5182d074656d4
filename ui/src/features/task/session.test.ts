// @vitest-environment happy-dom
// Edits reach the store one after another, and "saved" is said only by it.
import { mount, flushPromises } from '@vue/test-utils'
import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query'
import { expect, it, vi } from 'vitest'
import { defineComponent } from 'vue'
import { app, AppFailure, type Board } from '@/platform/app'
import { provideTaskSession, type TaskSession } from './session'

function open() {
  vi.spyOn(app, 'board').mockResolvedValue({ title: 'first' } as Board)
  let session: TaskSession | undefined
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } })
  const Host = defineComponent({
    setup() {
      session = provideTaskSession('t1').session
      return () => null
    },
  })
  mount(Host, { global: { plugins: [[VueQueryPlugin, { queryClient: queries }]] } })
  return session as unknown as TaskSession
}
function later<T>() {
  let settle: (value: T) => void = () => undefined
  const promise = new Promise<T>((resolve) => (settle = resolve))
  return { promise, settle }
}

it('an earlier answer never paints over a later one', async () => {
  const session = open()
  await flushPromises()
  const slow = later<Board>()
  const started: string[] = []
  const first = session.run(() => {
    started.push('first')
    return slow.promise
  })
  const second = session.run(() => {
    started.push('second')
    return Promise.resolve({ title: 'second' } as Board)
  })
  await flushPromises()
  expect(started).toEqual(['first'])
  expect(session.saving.value).toBe(2)
  slow.settle({ title: 'slow' } as Board)
  expect(await first && (await second)).toBe(true)
  expect(session.board.value.title).toBe('second')
  expect(session.savedCount.value).toBe(2)
})

it('a refused edit is not called saved, and does not stop the next one', async () => {
  const session = open()
  await flushPromises()
  expect(await session.run(() => Promise.reject(new AppFailure('disk_full', null)))).toBe(false)
  expect(session.savedAt.value).toBeUndefined()
  expect(session.failure.value?.code).toBe('disk_full')
  expect(await session.run(() => Promise.resolve({ title: 'next' } as Board))).toBe(true)
  expect(session.failure.value).toBeUndefined()
})
