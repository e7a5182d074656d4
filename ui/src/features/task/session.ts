// One open task: its board, and the one way of changing it. Every change goes
// to the store at once and one after another, so an earlier answer can never
// paint over a later one; "saved" is said only after the store has said so.
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, inject, provide, ref, type ComputedRef, type InjectionKey, type Ref } from 'vue'
import { app, failureOf, type AppFailure, type Board } from '@/platform/app'

export interface TaskSession {
  /** The task's id. */
  task: string
  /** Its folded state; only read below a view that has waited for it. */
  board: ComputedRef<Board>
  /** Edits on their way to the store. */
  saving: Ref<number>
  /** When the last edit was stored. */
  savedAt: Ref<Date | undefined>
  /** How many edits were stored since the task was opened. */
  savedCount: Ref<number>
  /** Why the last edit was not stored. */
  failure: Ref<AppFailure | undefined>
  /** Runs an edit; answers whether it was stored. */
  run: (edit: () => Promise<Board | undefined>) => Promise<boolean>
}

const sessionKey: InjectionKey<TaskSession> = Symbol('task session')

/** Opens a task for a view and everything below it. */
export function provideTaskSession(task: string) {
  const queries = useQueryClient()
  const query = useQuery({ queryKey: ['board', task], queryFn: () => app.board(task) })
  const saving = ref(0)
  const savedAt = ref<Date>()
  const savedCount = ref(0)
  const failure = ref<AppFailure>()
  let last: Promise<unknown> = Promise.resolve()

  async function apply(edit: () => Promise<Board | undefined>): Promise<boolean> {
    try {
      const board = await edit()
      await queries.cancelQueries({ queryKey: ['board', task] })
      if (board) queries.setQueryData(['board', task], board)
      savedAt.value = new Date()
      savedCount.value += 1
      failure.value = undefined
      for (const name of ['visits', 'sync', 'history']) void queries.invalidateQueries({ queryKey: [name] })
      return true
    } catch (thrown) {
      failure.value = failureOf(thrown)
      if (failure.value.code === 'locked') void queries.invalidateQueries({ queryKey: ['status'] })
      return false
    } finally {
      saving.value -= 1
    }
  }

  function run(edit: () => Promise<Board | undefined>): Promise<boolean> {
    saving.value += 1
    const mine = last.then(() => apply(edit))
    last = mine
    return mine
  }

  const session: TaskSession = {
    task,
    board: computed(() => {
      if (!query.data.value) throw new Error('the board is read before it is there')
      return query.data.value
    }),
    saving,
    savedAt,
    savedCount,
    failure,
    run,
  }
  provide(sessionKey, session)
  return { session, query }
}

/** The task that is open around this component. */
export function useTaskSession(): TaskSession {
  const session = inject(sessionKey)
  if (!session) throw new Error('no task is open here')
  return session
}
