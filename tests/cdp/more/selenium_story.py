"""Selenium with `debuggerAddress`: chromedriver asks /json/version and connects to the browser behind the port."""

import shutil

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from story import FORM, PORT, greeting, tell


def story():
    options = webdriver.ChromeOptions()
    options.debugger_address = PORT
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_page_load_timeout(20)
    assert "Chrome" in driver.execute_script("return navigator.userAgent")
    driver.get(FORM)
    assert driver.title == "Form", driver.title
    driver.find_element(By.ID, "name").send_keys("selenium")
    driver.find_element(By.ID, "send").click()
    assert driver.find_element(By.ID, "out").text == greeting("selenium")
    driver.switch_to.new_window("tab")
    driver.get(FORM)
    driver.close()
    driver.switch_to.window(driver.window_handles[0])
    assert driver.title == "Form"
    driver.quit()


tell("selenium", story)
