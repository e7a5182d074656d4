// What the app says when something did not work: what happened, what is safe,
// what to do. One entry per code; the type makes a missing code a compile error.
import type { ErrorCode } from '@/platform/app'
import { defineMessages } from '@/shared/i18n'

interface Words extends Record<string, string> {
  happened: string
  safe: string
  todo: string
}
type AllWords = Record<ErrorCode, Words>

const kept = '已记下的内容都在本机，没有丢失。'
const nothingChanged = '没有改动任何已记下的内容。'

const zh: AllWords = {
  offline: { happened: '现在连不上办公室。', safe: kept, todo: '可以继续工作；有网络后会自动上传，也可以稍后点「立即同步」。' },
  server_trouble: { happened: '办公室的服务器没有正常应答。', safe: kept, todo: '稍后会自动再试。如果一直这样，请告诉办公室。' },
  not_an_office: { happened: '这个地址不是联检办公室的服务器。', safe: nothingChanged, todo: '请核对地址（例如 https://联检.示例 或 http://192.168.1.10:8080），或向办公室要正确的地址。' },
  code_wrong: { happened: '注册码不对。', safe: nothingChanged, todo: '请逐字核对注册码；仍不行就向办公室要一个新的。' },
  code_used: { happened: '这个注册码已经用过了，每个码只能用一次。', safe: nothingChanged, todo: '请向办公室要一个新的注册码。' },
  code_expired: { happened: '这个注册码已经过期。', safe: nothingChanged, todo: '请向办公室要一个新的注册码。' },
  revoked: { happened: '办公室已停用这台平板。', safe: '本机已有的内容仍会上传，不会被丢掉。', todo: '请联系办公室确认原因，或重新注册。' },
  too_old: { happened: '这个版本太旧，不能再签字或裁定。', safe: `${kept}仍可查看和上传。`, todo: '请更新应用后再试。' },
  still_arriving: { happened: '这个任务清理过，正在重新下载。', safe: `${kept}以前上传的都在服务器上。`, todo: '请等它下载完整再记录。' },
  pin_wrong: { happened: 'PIN 不对。', safe: kept, todo: '请再输一次。输错次数多了，要等的时间会变长。' },
  pin_wait: { happened: 'PIN 输错太多次，要先等 {detail} 秒。', safe: kept, todo: '请等倒计时结束再输。忘了 PIN 可以点「忘了 PIN？」请办公室重置，不会丢失内容。' },
  pin_weak: { happened: '这个 PIN 太短，或者不全是数字。', safe: nothingChanged, todo: '请设一个至少 6 位的数字 PIN。' },
  locked: { happened: '应用已锁定。', safe: kept, todo: '请输入 PIN 解锁后继续。' },
  already_enrolled: { happened: '这台平板已经注册过了。', safe: nothingChanged, todo: '直接用 PIN 解锁即可。要换人使用，请联系办公室。' },
  not_enrolled: { happened: '这台平板还没有注册。', safe: nothingChanged, todo: '请用办公室给的注册码注册。' },
  file_empty: { happened: '这个文件是空的，没有存入。', safe: '问题和其他照片都已保存在本机。', todo: '请重新拍一张，或换一个文件。' },
  file_too_large: { happened: '这个文件太大，没有存入（上限 {detail} MiB）。', safe: '问题和其他照片都已保存在本机。', todo: '请降低拍照尺寸，或换一个文件。' },
  file_unknown: { happened: '这个文件不是能识别的照片，没有存入。', safe: '问题和其他照片都已保存在本机。', todo: '请用 JPEG、PNG 或 WebP 照片。' },
  file_damaged: { happened: '这张照片已损坏，打不开，没有存入。', safe: '问题和其他照片都已保存在本机。', todo: '请重新拍一张，或换一个文件。' },
  file_absent: { happened: '这个文件还没有到本机。', safe: '它的登记信息已经在本机。', todo: '请等对方上传后再同步一次。' },
  no_such_task: { happened: '本机没有这个任务。', safe: kept, todo: '请返回「今日」；需要的话先同步一次。' },
  no_such_record: { happened: '没有找到这一条。', safe: kept, todo: '请返回上一页重新选择。' },
  not_owner: { happened: '这一条归别的部门，不能直接改。', safe: nothingChanged, todo: '请用「提出建议」，由该部门决定。' },
  not_decider: { happened: '只有该部门的带队或副带队可以裁定。', safe: nothingChanged, todo: '请让他们在自己的平板上裁定。' },
  no_conflict: { happened: '这里已经没有冲突了。', safe: '各方写下的内容都保留在历史里。', todo: '请返回查看现在的结果。' },
  reason_missing: { happened: '还没有写理由。', safe: nothingChanged, todo: '请写明理由，它会留在记录里。' },
  text_missing: { happened: '必填的内容还空着。', safe: nothingChanged, todo: '请填写后再保存。' },
  too_long: { happened: '内容太长，没有保存（上限 {detail}）。', safe: '上一次保存的内容还在。', todo: '请缩短后再试。' },
  malformed: { happened: '填写的内容格式不对。', safe: nothingChanged, todo: '请核对后再试。' },
  disk_full: { happened: '本机存储空间满了，这次没有存上。', safe: '之前保存的内容都在。', todo: '请先腾出空间（例如删除其他应用的文件），然后再试一次。仍可同步，也可把救援包存到其他存储盘。' },
  store_damaged: { happened: '本机的数据读不出来。', safe: '已上传的内容在办公室是安全的。', todo: '请不要卸载应用。可以先生成救援包，把能读出来的内容交给办公室；PIN 验证不了时可用「忘了 PIN？」。' },
  lease_ended: { happened: '太久没有联系办公室，已暂停查看。', safe: kept, todo: '请联网后点「立即同步」；连不上时可以生成救援包交给办公室。' },
  withdrawn: { happened: '办公室已停用这台平板，正在把内容交给办公室。', safe: '本机的内容交完之前不会清除。', todo: '请保持联网；连不上时可以生成救援包交给办公室。' },
  wiped: { happened: '这台平板上的数据已按办公室的指令清除。', safe: '已上传的内容在办公室。', todo: '要继续使用，请向办公室要新的注册码。' },
  reset_code_wrong: { happened: '重置码不对，或不是给这台平板的。', safe: nothingChanged, todo: '请逐字核对；仍不行就向办公室要一个新的，并核对平板编号。' },
  reset_code_used: { happened: '这个重置码已经用过了，每个码只能用一次。', safe: nothingChanged, todo: '请向办公室要一个新的重置码。' },
  reset_code_expired: { happened: '这个重置码已经过期。', safe: nothingChanged, todo: '请向办公室要一个新的重置码。' },
  no_recovery: { happened: '这台平板没有把密钥交给这个办公室保管，办公室帮不上这一步。', safe: kept, todo: '请继续回忆 PIN，或联系办公室。' },
  folder_unusable: { happened: '写不进这个文件夹，救援包没有生成。', safe: kept, todo: '请换一个文件夹，或检查存储盘是否插好、是否只读。' },
  fonts_missing: { happened: '这台设备没有生成文书用的中文字体。', safe: kept, todo: '请安装 Noto Sans CJK 字体后再试。' },
  internal: { happened: '应用内部出了错，这一步没有完成。', safe: '之前显示「已保存在本机」的内容都在。', todo: '请再试一次；如果重复出现，请告诉办公室出错的时间。' },
}

const enKept = 'Everything already recorded is on this tablet; nothing is lost.'
const enUnchanged = 'Nothing recorded was changed.'
const enOther = 'The finding and the other photos are saved on this tablet.'

const en: AllWords = {
  offline: { happened: 'The office cannot be reached now.', safe: enKept, todo: 'Carry on working; it uploads by itself once there is a network, or tap “Sync now” later.' },
  server_trouble: { happened: 'The office server did not answer properly.', safe: enKept, todo: 'It will be tried again by itself. If it goes on, tell the office.' },
  not_an_office: { happened: 'This address is not an office of Lianjian.', safe: enUnchanged, todo: 'Check the address (such as http://192.168.1.10:8080) or ask the office for it.' },
  code_wrong: { happened: 'The enrolment code is wrong.', safe: enUnchanged, todo: 'Compare it letter by letter; if it still fails, ask the office for a new one.' },
  code_used: { happened: 'This enrolment code was used already; each works once.', safe: enUnchanged, todo: 'Ask the office for a new code.' },
  code_expired: { happened: 'This enrolment code has expired.', safe: enUnchanged, todo: 'Ask the office for a new code.' },
  revoked: { happened: 'The office has taken this tablet out of service.', safe: 'What is on this tablet is still uploaded; nothing is dropped.', todo: 'Ask the office why, or enrol again.' },
  too_old: { happened: 'This version is too old to sign or decide.', safe: `${enKept} Reading and uploading still work.`, todo: 'Update the app and try again.' },
  still_arriving: { happened: 'This task had been cleared away and is coming back.', safe: `${enKept} What was handed in before is at the office.`, todo: 'Wait until it is complete, then go on.' },
  pin_wrong: { happened: 'The PIN is wrong.', safe: enKept, todo: 'Enter it again. After several wrong tries the wait grows.' },
  pin_wait: { happened: 'Too many wrong PINs; wait {detail} seconds first.', safe: enKept, todo: 'Wait for the countdown. A forgotten PIN is reset through the office: tap “Forgot the PIN?”; nothing is lost.' },
  pin_weak: { happened: 'This PIN is too short or not all digits.', safe: enUnchanged, todo: 'Choose a PIN of at least 6 digits.' },
  locked: { happened: 'The app is locked.', safe: enKept, todo: 'Enter the PIN to go on.' },
  already_enrolled: { happened: 'This tablet is enrolled already.', safe: enUnchanged, todo: 'Unlock it with the PIN. To give it to somebody else, contact the office.' },
  not_enrolled: { happened: 'This tablet is not enrolled yet.', safe: enUnchanged, todo: 'Enrol it with a code from the office.' },
  file_empty: { happened: 'This file is empty and was not stored.', safe: enOther, todo: 'Take the photo again or choose another file.' },
  file_too_large: { happened: 'This file is too large and was not stored (limit {detail} MiB).', safe: enOther, todo: 'Take a smaller photo or choose another file.' },
  file_unknown: { happened: 'This file is no photo of a known kind and was not stored.', safe: enOther, todo: 'Use a JPEG, PNG or WebP photo.' },
  file_damaged: { happened: 'This photo is damaged, cannot be opened and was not stored.', safe: enOther, todo: 'Take the photo again or choose another file.' },
  file_absent: { happened: 'This file is not on this tablet yet.', safe: 'Its record is here.', todo: 'Wait until its owner has uploaded it, then sync again.' },
  no_such_task: { happened: 'There is no such task on this tablet.', safe: enKept, todo: 'Go back to “Today”; sync first if needed.' },
  no_such_record: { happened: 'This entry was not found.', safe: enKept, todo: 'Go back and choose again.' },
  not_owner: { happened: 'This belongs to another department and cannot be edited directly.', safe: enUnchanged, todo: 'Use “Propose”; that department decides.' },
  not_decider: { happened: 'Only the site lead or deputy of that department may decide.', safe: enUnchanged, todo: 'Let them decide on their own tablet.' },
  no_conflict: { happened: 'There is no conflict here any more.', safe: 'What each side wrote stays in the history.', todo: 'Go back and see the present result.' },
  reason_missing: { happened: 'The reason is missing.', safe: enUnchanged, todo: 'Write the reason; it stays on record.' },
  text_missing: { happened: 'Something required is still empty.', safe: enUnchanged, todo: 'Fill it in and save again.' },
  too_long: { happened: 'The text is too long and was not saved (limit {detail}).', safe: 'What was saved last is still there.', todo: 'Shorten it and try again.' },
  malformed: { happened: 'What was entered does not have the right form.', safe: enUnchanged, todo: 'Check it and try again.' },
  disk_full: { happened: 'The storage of this tablet is full; this was not saved.', safe: 'What was saved before is still there.', todo: 'Free some space, then try again. Sync still works, and so does a rescue pack on another medium.' },
  store_damaged: { happened: 'The data on this tablet cannot be read.', safe: 'What was uploaded is safe at the office.', todo: 'Do not remove the app. Write a rescue pack with what can still be read and bring it to the office; where the PIN cannot be checked, use “Forgot the PIN?”.' },
  lease_ended: { happened: 'Too long without the office: viewing is closed.', safe: enKept, todo: 'Connect and tap “Sync now”; if that fails, write a rescue pack for the office.' },
  withdrawn: { happened: 'The office has taken this tablet out of service; its content is being handed in.', safe: 'Nothing is destroyed before it was handed in.', todo: 'Stay connected; if that fails, write a rescue pack for the office.' },
  wiped: { happened: 'The data on this tablet were destroyed by order of the office.', safe: 'What was uploaded is at the office.', todo: 'To use it again, ask the office for a new enrolment code.' },
  reset_code_wrong: { happened: 'The reset code is wrong, or for another tablet.', safe: enUnchanged, todo: 'Compare it letter by letter; if it still fails, ask for a new one and check the number of the tablet.' },
  reset_code_used: { happened: 'This reset code was used already; each works once.', safe: enUnchanged, todo: 'Ask the office for a new code.' },
  reset_code_expired: { happened: 'This reset code has expired.', safe: enUnchanged, todo: 'Ask the office for a new code.' },
  no_recovery: { happened: 'This tablet did not leave its key with this office, which cannot help here.', safe: enKept, todo: 'Try to remember the PIN, or contact the office.' },
  folder_unusable: { happened: 'This folder cannot be written to; no rescue pack was made.', safe: enKept, todo: 'Choose another folder, or check that the medium is in place and not read-only.' },
  fonts_missing: { happened: 'The Chinese fonts for documents are not installed.', safe: enKept, todo: 'Install the Noto Sans CJK fonts and try again.' },
  internal: { happened: 'Something went wrong inside the app; this step was not done.', safe: 'What was shown as “Saved on this tablet” is there.', todo: 'Try again; if it repeats, tell the office when it happened.' },
}

export const failureMessages = defineMessages('failure', zh, en)
