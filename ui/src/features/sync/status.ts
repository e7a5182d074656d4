// How the exchange stands, asked of the tablet itself every few seconds; no
// network is needed for that.
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { app, failureOf, type AppFailure } from '@/platform/app'

const POLL_RUNNING_MS = 1000
const POLL_IDLE_MS = 5000

export function useSyncStatus() {
  return useQuery({
    queryKey: ['sync'],
    queryFn: () => app.syncStatus(),
    refetchInterval: (query) => (query.state.data?.running ? POLL_RUNNING_MS : POLL_IDLE_MS),
  })
}

/** Exchanges now; a failure is kept for showing. */
export function useSyncNow() {
  const queries = useQueryClient()
  const busy = ref(false)
  const failure = ref<AppFailure>()
  async function sync() {
    if (busy.value) return
    busy.value = true
    failure.value = undefined
    try {
      queries.setQueryData(['sync'], await app.syncNow())
    } catch (thrown) {
      failure.value = failureOf(thrown)
    } finally {
      busy.value = false
      await queries.invalidateQueries()
    }
  }
  return { sync, busy: computed(() => busy.value), failure }
}

/** 12 分钟前. */
export function useAgo(): (minutes: number) => string {
  const { t } = useI18n()
  return (minutes) => {
    if (minutes < 1) return t('sync.justNow')
    if (minutes < 60) return t('sync.minutesAgo', { n: minutes })
    if (minutes < 48 * 60) return t('sync.hoursAgo', { n: Math.floor(minutes / 60) })
    return t('sync.daysAgo', { n: Math.floor(minutes / (24 * 60)) })
  }
}
