package applog

import (
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/paramedic-bot/paramedic/diagnosis/kube"
	"github.com/paramedic-bot/paramedic/diagnosis/logs"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

// rejects are the words of a program that goes by what it was given last, and does not take what it is given now. It may call that a
// warning: it runs on.
var rejects = regexp.MustCompile(`(?i)\b(?:config\w*|update|snapshot|settings|listeners?|rules|resources?)\b.{0,160}\b(?:reject(?:ed|ing|s)|nacke?d?)\b`)

const (
	mostRejections = 3   // of one log
	lastLines      = 200 // of a log, in which a rejection still holds
)

// rejections are what a pod that is not ready says to reject of its configuration, at whatever level, the last first and each once.
func rejections(p *corev1.Pod, l *snapshot.Log) []logs.Repeat {
	if kube.IsReady(p) || l.Previous || !isRunning(p, l.Container) {
		return nil
	}
	var out []logs.Repeat
	lines := strings.Split(strings.TrimSpace(l.Text), "\n")
	told := map[string]bool{}
	for i := len(lines) - 1; i >= max(0, len(lines)-lastLines) && len(out) < mostRejections; i-- {
		if !rejects.MatchString(lines[i]) || !strings.ContainsAny(lines[i], `"'`+"`") {
			continue
		}
		says := lines[i]
		if at := rejects.FindStringIndex(says); at != nil {
			says = says[at[0]:]
		}
		if !told[says] {
			told[says] = true
			out = append(out, logs.Repeat{Says: says, Whole: says, Line: lines[i], Times: 1, After: len(lines) - i})
		}
	}
	return out
}
