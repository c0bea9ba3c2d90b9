package app

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/metrics"
	"github.com/paramedic-bot/paramedic/internal/straight"
)

// Duration is written as "6m" or "90s".
type Duration = metav1.Duration

// Config is what `paramedic serve` reads. Secrets may be written as ${NAME}, which takes the environment variable, or be read
// from files, named by the fields that end in File. Defaults are in [DefaultConfig].
type Config struct {
	Cluster ClusterConfig `json:"cluster"`
	Slack   SlackConfig   `json:"slack"`
	// Notices are told of incidents by a push service or a webhook: beside Slack, or where there is none.
	Notices []NoticeConfig `json:"notices"`
	// OnCall is as SlackConfig.OnCall where there is no Slack, by names alone: a notice of its own calls them.
	OnCall  OnCallConfig  `json:"onCall"`
	Webhook WebhookConfig `json:"webhook"`
	Ollama  OllamaConfig  `json:"ollama"`
	Metrics MetricsConfig `json:"metrics"`
	State   string        `json:"state"` // the SQLite file
	// StateKeyFile holds the key that the record in State is sealed with. Empty: beside it, and made at the first start.
	StateKeyFile string         `json:"stateKeyFile"`
	Knowledge    string         `json:"knowledge"` // the folder of postmortems
	Host         HostConfig     `json:"host"`
	Approvers    []PersonConfig `json:"approvers"` // may decide upon plans
	People       []PersonConfig `json:"people"`    // may read as far as their Kubernetes user may
	Roles        RoleConfig     `json:"roles"`
	// who is shown what the bot reads: "mapped" people or "everybody"; empty: everybody, with more than one approver mapped people
	Read     string         `json:"read"`
	Limits   LimitConfig    `json:"limits"`
	Plans    PlanConfig     `json:"plans"`
	Verify   VerifyConfig   `json:"verify"`
	LastGood LastGoodConfig `json:"lastGood"`
	Watch    WatchConfig    `json:"watch"`
	// Heartbeat is whom the bot tells that it is well.
	Heartbeat HeartbeatConfig `json:"heartbeat"`
}

// ClusterConfig says which cluster is cared for. Empty fields mean what kubectl does, or in a pod its service account.
type ClusterConfig struct {
	Name       string `json:"name"` // what people call it; empty: the kubeconfig's word
	Kubeconfig string `json:"kubeconfig"`
	Context    string `json:"context"`
	Secrets    bool   `json:"secrets"` // look at Secrets too: their names, keys and certificates, never a value
}

// SlackConfig holds the app's two tokens and the channel for incidents.
type SlackConfig struct {
	BotToken     string `json:"botToken"` // xoxb-…
	BotTokenFile string `json:"botTokenFile"`
	AppToken     string `json:"appToken"` // xapp-…, with connections:write
	AppTokenFile string `json:"appTokenFile"`
	// SigningSecret, Listen and RequestURL are in the place of AppToken where Slack posts to the bot instead: what it signs with, where that
	// is taken, and the address by which Slack gets there, which only init and doctor go by.
	SigningSecret     string `json:"signingSecret"`
	SigningSecretFile string `json:"signingSecretFile"`
	Listen            string `json:"listen"`     // host:port; may be webhook.listen
	RequestURL        string `json:"requestURL"` // https://…/slack/events
	Channel           string `json:"channel"`    // a channel's id, or its #name
	// Fallback is who is told of incidents while Channel takes no messages: a person's id, or another channel. Empty: nobody.
	Fallback string `json:"fallback"`
	WayConfig
	APIURL string `json:"apiURL"` // another Slack than Slack's own, for tests; empty: Slack's
	// Routes tell some alerts in channels of their own. The first that an alert fits counts.
	Routes []RouteConfig `json:"routes"`
	OnCall OnCallConfig  `json:"onCall"` // who is called when nobody answers
}

// WebhookConfig is where Alertmanager posts to. Without Listen there is no webhook; with it, a token or a password must be set.
type WebhookConfig struct {
	Listen          string `json:"listen"` // host:port
	BearerToken     string `json:"bearerToken"`
	BearerTokenFile string `json:"bearerTokenFile"`
	User            string `json:"user"`
	Password        string `json:"password"`
	PasswordFile    string `json:"passwordFile"`
	// Watchdog is how long Alertmanager's Watchdog alert may stay away once it has come; 0: as long as it likes.
	Watchdog Duration `json:"watchdog"`
}

// OllamaConfig names the models. Without a Model the template tells the story; without an Embedder words alone are searched.
type OllamaConfig struct {
	Host     string   `json:"host"` // empty: $OLLAMA_HOST, or http://127.0.0.1:11434
	Model    string   `json:"model"`
	Embedder string   `json:"embedder"`
	Timeout  Duration `json:"timeout"` // of one story
	WayConfig
}

// MetricsConfig names a Prometheus that probes may ask. Without URL no metric is asked for.
type MetricsConfig struct {
	URL             string `json:"url"` // such as http://prometheus.monitoring:9090
	BearerToken     string `json:"bearerToken"`
	BearerTokenFile string `json:"bearerTokenFile"`
	WayConfig
}

// HostConfig lets Paramedic see, and restore, files of one node. Without Root it sees no host.
type HostConfig struct {
	Root   string `json:"root"`   // the node's / as seen from here: "/", or where it is mounted
	Node   string `json:"node"`   // the node's name
	CNIDir string `json:"cniDir"` // on the host; empty: the first of the usual ones that exists
}

// PersonConfig maps a person to the Kubernetes user that they are: what they may read is what it may, and an approver's plans run as it.
type PersonConfig struct {
	// Slack is a user id such as U012AB3CD, of the bot's own workspace, or TEAM/USER. Empty: they decide in the terminal alone, where the API
	// server says which Kubernetes user they are.
	Slack  string   `json:"slack"`
	User   string   `json:"user"`
	Groups []string `json:"groups"`
}

// id is by whom the person is known: their id in Slack, or "terminal/" and the Kubernetes user of one who has none.
func (p PersonConfig) id() string {
	if p.Slack == "" {
		return terminalTeam + "/" + p.User
	}
	return p.Slack
}

func (p PersonConfig) identity() incident.Identity {
	return incident.Identity{User: p.User, Groups: p.Groups}
}

// LimitConfig bounds what one person may ask for.
type LimitConfig struct {
	OpenPerPerson     int `json:"openPerPerson"`     // incidents that a person opened and that are open still
	RequestsPerMinute int `json:"requestsPerMinute"` // commands, presses and forms
}

// PlanConfig bounds approvals.
type PlanConfig struct {
	Expires Duration `json:"expires"` // how long a plan may be decided upon, and its run begun
	// Comeback is how long dependants are given to come back by themselves before they are restarted.
	Comeback Duration      `json:"comeback"`
	People   PeopleConfig  `json:"people"`
	Ceiling  CeilingConfig `json:"ceiling"`
}

// CeilingConfig bounds how many pods plans end or replace: one plan, and all of them within an hour.
type CeilingConfig struct {
	Pods        int `json:"pods"`
	PodsPerHour int `json:"podsPerHour"`
}

// mostPods is more than a cluster has.
const mostPods = 1_000_000

// PeopleConfig says how many people must approve a plan, by its risk: one or two. One that is safe needs one.
type PeopleConfig struct {
	Disruptive  int `json:"disruptive"`
	Destructive int `json:"destructive"`
}

// VerifyConfig says how long everything must stay well after a recovery.
type VerifyConfig struct {
	For    Duration `json:"for"`
	Every  Duration `json:"every"`
	GiveUp Duration `json:"giveUp"`
	// ErrorRate is a PromQL query for the share of a service's requests that fail, with $namespace and $service in it. Where it is set, the
	// services that a plan acts on must not fail more often than before it. It needs metrics.url.
	ErrorRate string `json:"errorRate"`
}

// LastGoodConfig says how often copies are kept of what recovery restores.
type LastGoodConfig struct {
	Every Duration `json:"every"`
}

// DefaultConfig is what a configuration file starts from.
func DefaultConfig() Config {
	return Config{
		Slack:     SlackConfig{OnCall: defaultOnCall()},
		OnCall:    defaultOnCall(),
		State:     "paramedic.db",
		Knowledge: "postmortems",
		Ollama:    OllamaConfig{Timeout: Duration{Duration: 2 * time.Minute}},
		Roles:     defaultRoles(),
		Limits:    LimitConfig{OpenPerPerson: 3, RequestsPerMinute: 20},
		Plans: PlanConfig{Expires: Duration{Duration: 30 * time.Minute}, Comeback: Duration{Duration: 6 * time.Minute},
			People: PeopleConfig{Disruptive: 1, Destructive: 2}, Ceiling: CeilingConfig{Pods: 100, PodsPerHour: 300}},
		Verify: VerifyConfig{For: Duration{Duration: incident.DefaultPolicy.VerifyFor},
			Every:  Duration{Duration: incident.DefaultPolicy.VerifyEvery},
			GiveUp: Duration{Duration: incident.DefaultPolicy.VerifyGiveUp}},
		LastGood: LastGoodConfig{Every: Duration{Duration: 5 * time.Minute}},
		Watch:    defaultWatch(), Heartbeat: defaultHeartbeat(),
		Webhook: WebhookConfig{Watchdog: Duration{Duration: 10 * time.Minute}},
	}
}

// validate returns everything that is wrong, at once.
func (c *Config) validate() error {
	var errs []error
	report := func(field, format string, args ...any) { errs = append(errs, fmt.Errorf(field+": "+format, args...)) }
	c.validateFaces(report)
	if c.Webhook.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Webhook.Listen); err != nil {
			report("webhook.listen", "must be host:port: %v", err)
		}
		if c.Webhook.BearerToken == "" && c.Webhook.Password == "" {
			report("webhook", "needs a bearerToken, or a user and a password; whoever can post to it can open incidents")
		}
		if c.Webhook.Password != "" && c.Webhook.User == "" {
			report("webhook.user", "must be set with the password")
		}
	}
	if c.Webhook.Watchdog.Duration < 0 {
		report("webhook.watchdog", "must not be less than nothing")
	}
	c.Heartbeat.validate(report)
	if u, err := url.Parse(c.Ollama.Host); c.Ollama.Host != "" && (err != nil || u.Host == "") {
		report("ollama.host", "must be a URL such as http://127.0.0.1:11434")
	}
	if c.Metrics.URL != "" {
		if _, err := metrics.New(c.Metrics.URL, nil, straight.Way{}); err != nil {
			report("metrics.url", "%v", err)
		}
	}
	for part, w := range map[string]WayConfig{"slack": c.Slack.WayConfig, "ollama": c.Ollama.WayConfig, "metrics": c.Metrics.WayConfig} {
		if _, err := w.way(true).Transport(); err != nil {
			report(part, "%v", err)
		}
	}
	if c.Host.Root != "" && c.Host.Node == "" {
		report("host.node", "must name the node whose files lie under %s", c.Host.Root)
	}
	c.validatePeople(report)
	c.Watch.validate(report)
	c.Roles.validate(c.Approvers, report)
	if !slices.Contains([]string{"", readMapped, readEverybody}, c.Read) {
		report("read", "must be mapped or everybody; it is %q", c.Read)
	}
	for _, n := range []struct {
		field             string
		value, least, top int
	}{{"limits.openPerPerson", c.Limits.OpenPerPerson, 1, mostOpen}, {"limits.requestsPerMinute", c.Limits.RequestsPerMinute, 1, 1000},
		{"plans.ceiling.pods", c.Plans.Ceiling.Pods, 1, mostPods}, {"plans.ceiling.podsPerHour", c.Plans.Ceiling.PodsPerHour, 1, mostPods},
		{"plans.people.disruptive", c.Plans.People.Disruptive, 1, 2}, {"plans.people.destructive", c.Plans.People.Destructive, 1, 2}} {
		if n.value < n.least || n.value > n.top {
			report(n.field, "must be from %d to %d", n.least, n.top)
		}
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"plans.expires", c.Plans.Expires.Duration}, {"plans.comeback", c.Plans.Comeback.Duration}, {"verify.for", c.Verify.For.Duration},
		{"verify.every", c.Verify.Every.Duration},
		{"verify.giveUp", c.Verify.GiveUp.Duration}, {"lastGood.every", c.LastGood.Every.Duration},
		{"ollama.timeout", c.Ollama.Timeout.Duration}} {
		if d.value <= 0 {
			report(d.field, "must be longer than nothing")
		}
	}
	if c.Plans.Ceiling.PodsPerHour < c.Plans.Ceiling.Pods {
		report("plans.ceiling.podsPerHour", "must not be less than plans.ceiling.pods")
	}
	if q := c.Verify.ErrorRate; q != "" && c.Metrics.URL == "" {
		report("verify.errorRate", "needs metrics.url")
	} else if q != "" && !strings.Contains(q, "$service") {
		report("verify.errorRate", "must ask of one service: it has no $service")
	}
	if c.Verify.GiveUp.Duration < c.Verify.For.Duration {
		report("verify.giveUp", "must not be shorter than verify.for")
	}
	return errors.Join(errs...)
}

// validate reports what is wrong with Slack.
func (c SlackConfig) validate(report func(field, format string, args ...any)) {
	if !strings.HasPrefix(c.BotToken, "xoxb-") {
		report("slack.botToken", "must be a bot token, which begins with xoxb-; see docs/slack.md")
	}
	c.validateTransport(report)
	if c.Channel == "" {
		report("slack.channel", "must name the channel for incidents")
	}
	c.validateRoutes(report)
	if c.Fallback != "" && c.Fallback == c.Channel {
		report("slack.fallback", "must be somebody else than slack.channel: a person's id such as U012AB3CD, or another channel")
	}
}

// policy is what incident.Next goes by.
func (c *Config) policy() incident.Policy {
	return incident.Policy{VerifyFor: c.Verify.For.Duration, VerifyEvery: c.Verify.Every.Duration, VerifyGiveUp: c.Verify.GiveUp.Duration,
		OnCall: c.calls(), Pictures: c.slack()}
}
