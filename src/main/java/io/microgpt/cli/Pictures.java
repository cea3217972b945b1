package io.microgpt.cli;

import io.microgpt.report.Run;
import java.util.ArrayList;
import java.util.List;

/** Settings as a picture of a run shows them. */
final class Pictures {
    private Pictures() {}

    static List<Run.Setting> settings(Settings settings) {
        Settings defaults = Settings.defaults();
        List<Run.Setting> shown = new ArrayList<>();
        for (ConfigKey key : ConfigKey.values()) {
            String value = settings.shown(key);
            shown.add(new Run.Setting(
                    key.path(), value, key.meaning().replace("`", ""), !value.equals(defaults.shown(key))));
        }
        return shown;
    }
}
