// How the console asks and asks again. Always asks, whatever the browser thinks
// of the network: the server may be this very computer.
import { QueryClient } from '@tanstack/vue-query'
import { asConsoleError } from '@/platform/console'
import { mayRetry } from './error-words'

/** Milliseconds between two looks at a task somebody is working on. */
export const LIVE_MS = 4000

/** Milliseconds between two looks at lists and figures. */
export const CALM_MS = 15_000

export function consoleQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        networkMode: 'always',
        staleTime: 3000,
        retry: (failures, error) => failures < 1 && mayRetry(asConsoleError(error)),
        retryDelay: 800,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
}

/** After something was done to a task: whatever shows it is asked anew. */
export async function taskChanged(queries: QueryClient, task: string): Promise<void> {
  await Promise.all([['board', task], ['history', task], ['tasks'], ['overview']].map((queryKey) => queries.invalidateQueries({ queryKey })))
}
