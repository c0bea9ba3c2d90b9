package slackemu

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Plain is what a message says, as plain text: its blocks, or else its text. Names of people are not resolved.
func (m Message) Plain() string { return m.plain(func(id string) string { return id }) }

// Plain is what the view shows, as plain text.
func (v View) Plain() string {
	return strings.TrimSpace(v.Title + "\n" + plainBlocks(v.Blocks, func(id string) string { return id }))
}

func (m Message) plain(name func(string) string) string {
	var parts []string
	if len(m.Blocks) > 0 {
		parts = append(parts, plainBlocks(m.Blocks, name))
	} else if m.Text != "" {
		parts = append(parts, plainMarkup(m.Text, name))
	}
	for _, f := range m.Files {
		parts = append(parts, fmt.Sprintf("[file %s, %d bytes]", f.Name, f.Size))
	}
	return strings.Join(parts, "\n")
}

func plainBlocks(blocks []Block, name func(string) string) string {
	var lines []string
	for _, b := range blocks {
		if text := plainBlock(b, name); text != "" {
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n")
}

func plainBlock(b Block, name func(string) string) string {
	var lines []string
	add := func(text string) {
		if text != "" {
			lines = append(lines, text)
		}
	}
	switch b.Type() {
	case "header":
		add("# " + plainText(obj(b, "text"), name))
	case "section":
		add(plainText(obj(b, "text"), name))
		for _, f := range objects(b, "fields") {
			add("  " + strings.ReplaceAll(plainText(f, name), "\n", " "))
		}
	case "divider":
		add("---")
	case "context":
		var parts []string
		for _, e := range objects(b, "elements") {
			if str(e, "type") == "image" {
				continue
			}
			parts = append(parts, plainText(e, name))
		}
		add(strings.Join(parts, "  "))
	case "image":
		add("[image: " + str(b, "alt_text") + "]")
	case "input":
		add(textOf(b, "label") + ":")
	case "markdown":
		add(str(b, "text"))
	case "table":
		add(plainTable(b, name))
	case "rich_text":
		add(plainRich(b, name))
	}
	var buttons []string
	for e := range elements([]Block{b}) {
		if text := e.plain(); text != "" {
			buttons = append(buttons, text)
		}
	}
	add(strings.Join(buttons, " "))
	return strings.Join(lines, "\n")
}

// plain is how an element looks in a transcript; an input shows what it holds.
func (e Element) plain() string {
	switch e.Type {
	case "button":
		return "[" + e.Label + "]"
	case "plain_text_input":
		return e.initial()
	}
	var labels []string
	for _, o := range e.options() {
		labels = append(labels, textOf(o, "text"))
	}
	return "[" + strings.Join(labels, " | ") + "]"
}

// describe is the use of an element, in words for a transcript.
func (e Element) describe(value string) string {
	if o, ok := e.option(value); ok {
		return "[" + textOf(o, "text") + "]"
	}
	return "[" + e.Label + "]"
}

func plainText(o map[string]any, name func(string) string) string {
	if str(o, "type") == "plain_text" {
		return str(o, "text")
	}
	return plainMarkup(str(o, "text"), name)
}

var markup = regexp.MustCompile(`<([^<>\s|][^<>|]*)(?:\|([^<>]*))?>`)

// plainMarkup resolves links, mentions and dates of mrkdwn and unescapes it; its asterisks and the like stay.
func plainMarkup(text string, name func(string) string) string {
	text = markup.ReplaceAllStringFunc(text, func(s string) string {
		parts := markup.FindStringSubmatch(s)
		target, label := parts[1], parts[2]
		switch {
		case strings.HasPrefix(target, "@"):
			return "@" + name(target[1:])
		case strings.HasPrefix(target, groupMark) && label == "":
			return "@" + name(target[len(groupMark):])
		case label != "" && strings.HasPrefix(target, "http"):
			return label + " (" + target + ")"
		case label != "":
			return label
		}
		return strings.TrimPrefix(target, "!")
	})
	return unescape(text)
}

func unescape(text string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}

// plainRich is the text of rich text, or of anything that has elements.
func plainRich(m map[string]any, name func(string) string) string {
	var out strings.Builder
	for i, e := range objects(m, "elements") {
		switch str(e, "type") {
		case "rich_text_section", "rich_text_preformatted", "rich_text_quote", "rich_text_list":
			if i > 0 {
				out.WriteString("\n")
			}
			if str(m, "type") == "rich_text_list" {
				out.WriteString("• ")
			}
			out.WriteString(plainRich(e, name))
		case "user":
			out.WriteString("@" + name(str(e, "user_id")))
		case "emoji":
			out.WriteString(":" + str(e, "name") + ":")
		case "link":
			out.WriteString(firstOf(str(e, "text"), str(e, "url")))
		default:
			out.WriteString(firstOf(str(e, "text"), str(e, "fallback")))
		}
	}
	return out.String()
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// plainTable lines its columns up.
func plainTable(b Block, name func(string) string) string {
	var rows [][]string
	widths := make([]int, maxTableColumns)
	for _, raw := range list(b, "rows") {
		var row []string
		cells, _ := raw.([]any)
		for i, c := range cells {
			text := plainCell(c, name)
			row = append(row, text)
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
		rows = append(rows, row)
	}
	var lines []string
	for _, row := range rows {
		var line strings.Builder
		for i, text := range row {
			line.WriteString(text + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+2))
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return strings.Join(lines, "\n")
}

func plainCell(raw any, name func(string) string) string {
	c, _ := raw.(map[string]any)
	switch str(c, "type") {
	case "rich_text":
		return plainRich(c, name)
	case "raw_number":
		if n, ok := c["value"].(float64); ok && str(c, "text") == "" {
			return fmt.Sprint(n)
		}
	}
	return str(c, "text")
}
