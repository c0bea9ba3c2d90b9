// The emoji that an app like this one uses, by Slack's names. Others stay as they were written.

const names = `
+1 👍|-1 👎|thumbsup 👍|thumbsdown 👎|wave 👋|raised_hands 🙌|clap 👏|pray 🙏|muscle 💪|point_right 👉|point_down 👇
ok_hand 👌|handshake 🤝|eyes 👀|brain 🧠|robot_face 🤖|ghost 👻|skull 💀|bust_in_silhouette 👤|busts_in_silhouette 👥
smile 😄|slightly_smiling_face 🙂|thinking_face 🤔|sweat_smile 😅|relieved 😌|face_with_thermometer 🤒|sleeping 😴|zzz 💤
rotating_light 🚨|warning ⚠️|fire 🔥|boom 💥|zap ⚡|bell 🔔|no_bell 🔕|no_entry ⛔|no_entry_sign 🚫|stop_sign 🛑|octagonal_sign 🛑
white_check_mark ✅|heavy_check_mark ✔️|ballot_box_with_check ☑️|x ❌|heavy_multiplication_x ✖️|question ❓|grey_question ❔
exclamation ❗|information_source ℹ️|bangbang ‼️|sos 🆘|new 🆕|recycle ♻️|repeat 🔁|arrows_counterclockwise 🔄
red_circle 🔴|large_orange_circle 🟠|orange_circle 🟠|large_yellow_circle 🟡|large_green_circle 🟢|large_blue_circle 🔵
large_purple_circle 🟣|white_circle ⚪|black_circle ⚫|large_red_square 🟥|large_green_square 🟩|large_yellow_square 🟨
small_red_triangle 🔺|small_red_triangle_down 🔻|small_blue_diamond 🔹|small_orange_diamond 🔸
ambulance 🚑|hospital 🏥|stethoscope 🩺|pill 💊|syringe 💉|adhesive_bandage 🩹|dna 🧬|microscope 🔬|test_tube 🧪|thermometer 🌡️
helmet_with_white_cross ⛑️|heart ❤️|green_heart 💚|broken_heart 💔|tada 🎉|sparkles ✨|star ⭐|trophy 🏆|rocket 🚀|sunny ☀️
mag 🔍|mag_right 🔎|bulb 💡|memo 📝|pencil 📝|pencil2 ✏️|page_facing_up 📄|clipboard 📋|scroll 📜|books 📚|book 📖|bookmark 🔖
pushpin 📌|round_pushpin 📍|paperclip 📎|link 🔗|file_folder 📁|open_file_folder 📂|card_index_dividers 🗂️|package 📦
wrench 🔧|hammer 🔨|hammer_and_wrench 🛠️|gear ⚙️|nut_and_bolt 🔩|toolbox 🧰|broom 🧹|lock 🔒|unlock 🔓|key 🔑|shield 🛡️
hourglass ⌛|hourglass_flowing_sand ⏳|stopwatch ⏱️|timer_clock ⏲️|alarm_clock ⏰|clock1 🕐|calendar 📅|date 📅
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|bar_chart 📊|satellite_antenna 📡|globe_with_meridians 🌐
computer 💻|desktop_computer 🖥️|floppy_disk 💾|electric_plug 🔌|battery 🔋|ship 🚢|whale 🐳|anchor ⚓|wheel_of_dharma ☸️
spider_web 🕸️|bug 🐛|knot 🪢|speech_balloon 💬|thought_balloon 💭|inbox_tray 📥|outbox_tray 📤|mailbox 📫|megaphone 📣
arrow_right ➡️|arrow_left ⬅️|arrow_up ⬆️|arrow_down ⬇️|leftwards_arrow_with_hook ↩️|arrow_right_hook ↪️|rewind ⏪|fast_forward ⏩
arrow_forward ▶️|double_vertical_bar ⏸️|black_square_for_stop ⏹️|snowflake ❄️|crescent_moon 🌙|construction 🚧|checkered_flag 🏁
one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣|six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|keycap_ten 🔟|hash #️⃣`;

const table = new Map(names.trim().split(/[|\n]/).map((pair) => pair.split(' ')));

/** emoji is the character of a short name, or null. */
export const emoji = (name) => table.get(name) ?? null;

/** emojify replaces the short names in plain text. */
export const emojify = (text) => text.replace(/:([a-z0-9_+-]+):/g, (all, name) => emoji(name) ?? all);
