/* The redirector of a virtual environment, after its contract in the documentation of CPython's `venv` (PEP 405):

   it starts the python.exe in the folder that `home` names in the pyvenv.cfg above its own folder, with its own arguments,
   and tells it by __PYVENV_LAUNCHER__ which program it stands for. Its exit code is that one's; interrupts are for that one. */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define LENGTH 4096

static BOOL WINAPI ignore(DWORD event)
{
    (void)event;
    return TRUE;
}

static int read_home(const wchar_t *self, wchar_t *home)
{
    wchar_t file[LENGTH];
    char line[LENGTH], *value;
    int found = 0;
    wcscpy(file, self);
    for (int levels = 0; levels < 2; levels++)
        *wcsrchr(file, L'\\') = 0;
    wcscat(file, L"\\pyvenv.cfg");
    FILE *opened = _wfopen(file, L"rb");
    while (opened && !found && fgets(line, sizeof line, opened)) {
        line[strcspn(line, "\r\n")] = 0;
        if (strncmp(line, "home", 4) == 0 && (value = strchr(line, '='))) {
            value += 1 + strspn(value + 1, " ");
            found = MultiByteToWideChar(CP_UTF8, 0, value, -1, home, LENGTH) > 0;
        }
    }
    if (opened)
        fclose(opened);
    return found;
}

int wmain(void)
{
    wchar_t self[LENGTH], program[LENGTH], *rest = GetCommandLineW();
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    DWORD code = 1;
    GetModuleFileNameW(NULL, self, LENGTH);
    if (!read_home(self, program)) {
        fwprintf(stderr, L"no home above %ls\n", self);
        return 106;
    }
    wcscat(program, L"\\python.exe");
    /* What follows this program's own name, which is quoted if it has blanks. */
    for (int quoted = 0; *rest && (quoted || (*rest != L' ' && *rest != L'\t')); rest++)
        quoted ^= *rest == L'"';
    wchar_t *line = malloc((wcslen(program) + wcslen(rest) + 3) * sizeof *line);
    swprintf(line, wcslen(program) + wcslen(rest) + 3, L"\"%ls\"%ls", program, rest);
    SetEnvironmentVariableW(L"__PYVENV_LAUNCHER__", self);
    SetConsoleCtrlHandler(ignore, TRUE);
    if (!CreateProcessW(program, line, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child)) {
        fwprintf(stderr, L"can't start %ls\n", program);
        return 101;
    }
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    return (int)code;
}
