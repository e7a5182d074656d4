// One task as it is now: asked again every few seconds while the page is looked at.
import { useQuery } from '@tanstack/vue-query'
import type { Ref } from 'vue'
import { board, history } from '@/platform/console'
import { LIVE_MS } from '@/features/console-frame/queries'

export function useBoard(task: Ref<string>) {
  return useQuery({ queryKey: ['board', task], queryFn: () => board(task.value), refetchInterval: LIVE_MS })
}

export function useHistory(task: Ref<string>, wanted: Ref<boolean>) {
  return useQuery({
    queryKey: ['history', task],
    queryFn: () => history(task.value),
    enabled: wanted,
    refetchInterval: LIVE_MS,
  })
}
