// The task list's state: filters in the address, a page from the server.
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import { tasks } from '@/platform/console'
import type { Status } from '@/platform/console-types'
import { oneOf, PAGE_SIZE, pageOf, textOf, withFilters } from '@/features/console-frame/list-query'
import { CALM_MS } from '@/features/console-frame/queries'

export const STATUSES: readonly Status[] = ['draft', 'dispatched', 'returned', 'approved', 'cancelled']

/** `usual` is the status shown when the address names none. */
export function useTaskList(allowed: readonly Status[] = STATUSES, usual: Status | '' = '') {
  const route = useRoute()
  const router = useRouter()
  const q = computed(() => textOf(route.query, 'q'))
  const status = computed(() => oneOf(route.query, 'status', allowed) || usual)
  const page = computed(() => pageOf(route.query))
  const query = computed(() => ({ q: q.value, status: status.value, page: page.value - 1, size: PAGE_SIZE }))
  const list = useQuery({
    queryKey: ['tasks', query],
    queryFn: () => tasks(query.value),
    placeholderData: keepPreviousData,
    refetchInterval: CALM_MS,
  })
  const change = (filters: Record<string, string | number>) =>
    router.replace({ path: route.path, query: withFilters(route.query, filters) })
  return { q, status, page, list, change }
}
