// Who is signed in, for the whole console. What an account may do is decided by
// the server (`me.may`); here it only hides what would be refused anyway.
import { computed, readonly, ref } from 'vue'
import { session, signIn, signOut } from '@/platform/console'
import type { Me } from '@/platform/console-types'

/** The names of `domain::permission::Action`. */
export type Action =
  | 'read_directories'
  | 'import_directories'
  | 'read_tasks'
  | 'open_task'
  | 'dispatch_task'
  | 'change_task'
  | 'hand_on'
  | 'review_findings'
  | 'manage_tablets'
  | 'rescue_tablets'

const me = ref<Me | null>(null)
let asked = false

/** Asks the server once per page load; later answers come from signing in and out. */
export async function knowSession(): Promise<Me | null> {
  if (!asked) {
    me.value = await session()
    asked = true
  }
  return me.value
}

/** The server has ended the session. */
export function forgetSession(): void {
  me.value = null
  asked = true
}

export function useSession() {
  return {
    me: readonly(me),
    signedIn: computed(() => me.value !== null),
    may: (action: Action): boolean => me.value?.may.includes(action) ?? false,
    async enter(account: string, password: string): Promise<void> {
      me.value = await signIn(account, password)
      asked = true
    },
    async leave(): Promise<void> {
      await signOut()
      forgetSession()
    },
  }
}
