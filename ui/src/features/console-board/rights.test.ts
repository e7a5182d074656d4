import { describe, expect, it } from 'vitest'
import type { Board } from '@/platform/console-types'
import type { Action } from '@/features/console-frame/session'
import { taskRights } from './rights'

const board = (status: string, parties = 2) => ({ status, parties: Array.from({ length: parties }) }) as unknown as Board
const only = (...actions: Action[]) => (action: Action) => actions.includes(action)

describe('what an account may do to a task', () => {
  it('is nothing for a role without the permission', () => {
    expect(taskRights(board('dispatched'), only('read_tasks'))).toEqual({ change: false, handOn: false, settle: false })
  })
  it('is each by its own permission', () => {
    expect(taskRights(board('dispatched'), only('change_task'))).toEqual({ change: true, handOn: false, settle: false })
    expect(taskRights(board('returned'), only('hand_on'))).toEqual({ change: false, handOn: true, settle: false })
  })
  it('ends with the visit, but for what was marked for review', () => {
    for (const status of ['draft', 'approved', 'cancelled']) {
      expect(taskRights(board(status), () => true)).toEqual({ change: false, handOn: false, settle: true })
    }
  })
  it('hands nothing on where there is one department', () => {
    expect(taskRights(board('dispatched', 1), () => true).handOn).toBe(false)
  })
})
