"""A bare window with WebKitGTK in it, for WebKitWebDriver to drive: no toolbar, so that it may be as narrow as a phone.

    PYTHON window.py FOLDER       started by the driver; FOLDER has prelude.js, and gets what the page keeps
    PYTHON window.py --version

It prints what the page writes to its console. WebKitGTK 2.50 now and then crashes where canvases are drawn with the
graphics card's driver, so nothing is. The camera is WebKit's mock one, and whoever asks for it gets it.
"""

import pathlib
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2  # noqa: E402


def settings():
    made = WebKit2.Settings()
    made.set_hardware_acceleration_policy(WebKit2.HardwareAccelerationPolicy.NEVER)
    made.set_enable_write_console_messages_to_stdout(True)
    made.set_enable_media_stream(True)
    made.set_enable_mock_capture_devices(True)
    # Safari has files of the page's own; WebKitGTK has them, too, but not as it comes.
    features = WebKit2.Settings.get_all_features()
    for feature in map(features.get, range(features.get_length())):
        if feature.get_identifier() in ("StorageAPI", "StorageAPIEstimate", "FileSystem", "AccessHandle", "FileSystemWritableStream"):
            made.set_feature_enabled(feature, True)
    return made


def content(prelude):
    manager = WebKit2.UserContentManager()
    script = WebKit2.UserScript(prelude, WebKit2.UserContentInjectedFrames.ALL_FRAMES, WebKit2.UserScriptInjectionTime.START, None, None)
    manager.add_script(script)
    return manager


def allow(_view, request):
    request.allow()
    return True


def main(folder):
    manager = WebKit2.WebsiteDataManager(base_data_directory=folder, base_cache_directory=folder)
    context = WebKit2.WebContext(website_data_manager=manager)
    context.set_automation_allowed(True)
    prelude = (pathlib.Path(folder) / "prelude.js").read_text(encoding="utf-8")

    def open_view(_session):
        view = WebKit2.WebView(web_context=context, is_controlled_by_automation=True, settings=settings(), user_content_manager=content(prelude))
        view.connect("permission-request", allow)
        view.connect("close", lambda _view: Gtk.main_quit())
        window = Gtk.Window()
        window.add(view)
        window.show_all()
        return view

    context.connect("automation-started", lambda _context, session: session.connect("create-web-view", open_view))
    Gtk.main()


if sys.argv[1] == "--version":
    print(f"WebKitGTK/{WebKit2.get_major_version()}.{WebKit2.get_minor_version()}.{WebKit2.get_micro_version()}")
else:
    main(sys.argv[1])
